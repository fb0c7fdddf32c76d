import type { Course } from '../course.js';
import { anonymousCourses } from './anonymous.js';
import { devicesCourses } from './devices.js';
import { filesCourses } from './files.js';
import { hugeCourses } from './huge-pages.js';
import { hugetlbCourses } from './hugetlb.js';
import { migrationCourses } from './migration.js';
import { readOnlyCourses } from './read-only.js';
import { swappingCourses } from './swapping.js';
import { userfaultsCourses } from './userfaults.js';

/** Every course of the matrix. */
export const courses: readonly Course[] = [
  ...anonymousCourses,
  ...readOnlyCourses,
  ...swappingCourses,
  ...migrationCourses,
  ...filesCourses,
  ...userfaultsCourses,
  ...hugeCourses,
  ...hugetlbCourses,
  ...devicesCourses,
];
